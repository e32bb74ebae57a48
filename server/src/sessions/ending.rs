//! How a stream learns that its session has ended, without a lock in its loop.

use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// Why a session that a stream drives has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ending {
    /// Somebody closed it.
    Closed = 1,
    /// The server is shutting down.
    ShuttingDown = 2,
}

/// Tells one stream of the end of its session.
#[derive(Debug, Default)]
pub struct Bell {
    ending: AtomicU8,
    waker: AtomicWaker,
}

impl Bell {
    /// Wakes the stream; the first reason stays.
    pub fn ring(&self, ending: Ending) {
        let _ = self.ending.compare_exchange(0, ending as u8, Ordering::AcqRel, Ordering::Acquire);
        self.waker.wake();
    }

    /// Why it was rung, if it was.
    pub fn heard(&self) -> Option<Ending> {
        match self.ending.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Ending::Closed),
            _ => Some(Ending::ShuttingDown),
        }
    }

    /// Ready once it was rung.
    pub fn poll(&self, context: &Context<'_>) -> Poll<Ending> {
        // Registered first: a bell that rings in between is heard.
        self.waker.register(context.waker());
        self.heard().map_or(Poll::Pending, Poll::Ready)
    }
}
