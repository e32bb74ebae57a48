//! Which tracks may be used for what. Nothing is ever tuned on the test tracks.

/// A set of track seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    /// Track seeds 0 to 199: learning happens here.
    Train,
    /// Track seeds 20000 to 20019: periodic evaluations and every choice of parameters.
    Validation,
    /// Track seeds 30000 to 30049: the numbers that are reported.
    Test,
}

impl Split {
    /// All splits.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// Its name in flags and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// The first track seed.
    pub fn first_track(self) -> u64 {
        match self {
            Self::Train => 0,
            Self::Validation => 20_000,
            Self::Test => 30_000,
        }
    }

    /// The number of tracks.
    pub fn tracks(self) -> u64 {
        match self {
            Self::Train => 200,
            Self::Validation => 20,
            Self::Test => 50,
        }
    }
}
