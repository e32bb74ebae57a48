//! The dashboard: takes what agents tell, keeps it, and shows it in a browser.
//!
//! Agents publish over gRPC, into `ingest`; `hub` holds what is live now and what the viewers ask for; `store` is an index of run
//! directories, which are the source of truth; `web` answers browsers, and drives sessions of an environment server for those who
//! take the wheel themselves.
//!
//! [`serve::serve`] runs on listeners that are already bound until it is told to stop; it reads no arguments and no environment. The
//! command line lives in [`cli`], which `spikedrive-dashboard` and `spikedrive dashboard` share.

pub mod cli;
mod driving;
mod files;
pub mod healthcheck;
pub mod host;
mod hub;
mod ingest;
mod names;
pub mod origin;
pub mod serve;
mod store;
pub mod token;
mod web;
