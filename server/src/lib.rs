//! The environment server: sessions of many cars, stepped over gRPC.
//!
//! [`serve::serve`] runs on a listener that is already bound until it is told to stop; it reads no arguments and no
//! environment. The command line lives in [`cli`], which `spikedrive-server` and `spikedrive serve` share.

pub mod caller;
pub mod cli;
mod dm_env_rpc;
mod driver;
pub mod healthcheck;
pub mod listen;
pub mod metrics;
mod metrics_page;
mod picture;
mod room;
pub mod security;
pub mod serve;
mod service;
pub mod sessions;
pub mod stepper;
