export function openLearning(box) { box.append('soon'); return () => {}; }
