//! The wire of SpikeDrive: generated messages and services ([`v1`]), and the only translation between them and the
//! world's types ([`convert`]).

pub mod address;
pub mod client;
pub mod convert;

/// Messages and services of `spikedrive.v1`, generated from `proto/spikedrive/v1/*.proto` by `cargo xtask codegen`.
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated code")]
#[rustfmt::skip]
#[path = "gen/spikedrive.v1.rs"]
pub mod v1;

/// Messages and services of `dm_env_rpc`, generated likewise from `proto/dm_env_rpc/v1/**/*.proto`.
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated code")]
pub mod dm_env_rpc {
    pub mod v1 {
        include!("gen/dm_env_rpc.v1.rs");

        pub mod extensions {
            pub mod properties {
                include!("gen/dm_env_rpc.v1.extensions.properties.rs");
            }
        }
    }
}

/// `google.rpc.Status`, which the errors of `dm_env_rpc` are.
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated code")]
pub mod google {
    pub mod rpc {
        include!("gen/google.rpc.rs");
    }
}

/// The encoded `FileDescriptorSet` of `proto/`: what reflection serves.
pub const DESCRIPTORS: &[u8] = include_bytes!("gen/descriptors.bin");

/// Major version of the protocol.
pub const PROTOCOL_MAJOR: u32 = 1;

/// Address that the environment server listens on and its clients connect to by default.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:50051";
