export function openDrive(box) { box.append('soon'); return () => {}; }
