export function openReplay(box) { box.append('soon'); return () => {}; }
