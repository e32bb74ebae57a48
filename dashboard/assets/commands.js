// The command lines that the page advises, in one place.

export const COMMANDS = {
  train: 'cargo run --release -- train --dashboard 127.0.0.1:50052',
  dashboard: 'cargo run --release -- dashboard',
  server: 'cargo run --release -- serve',
};
