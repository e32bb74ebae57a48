"""Messages and stubs, generated from proto/spikedrive/v1; `cargo xtask codegen` renews them."""
