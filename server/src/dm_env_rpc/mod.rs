//! DeepMind's dm_env_rpc, version 1: each stream is one agent, which creates worlds, joins one, and drives a car of its own in it.
//!
//! [`settings`] reads what a world is made from, [`worlds`] holds the worlds, [`agent`] is the state machine of one car,
//! [`properties`] answers the extension of that name; these are pure. [`connection`] puts them together for one stream, [`stream`]
//! is the network.

mod agent;
mod connection;
mod properties;
mod settings;
mod stream;
mod worlds;

pub(crate) use stream::Agents;
