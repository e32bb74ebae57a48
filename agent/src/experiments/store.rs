//! What an experiment has measured so far, in memory as on disk: a row for each run, or several, and the points of its learning curve.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::progress::Progress;
use super::rows;
use crate::failure::Failure;
use crate::jobs;
use crate::stop::StopFlag;

/// A line of one of the files.
pub trait Record: Serialize {
    /// What tells runs apart; lines of one run belong together.
    type Run: Ord;

    /// The run that it belongs to.
    fn run(&self) -> Self::Run;

    /// The file in which it lies, where a single one would be too large.
    fn part(&self) -> &'static str {
        ""
    }
}

/// The file of a part: `a_part.csv` beside `a.csv`.
pub fn part_path(path: &Path, part: &str) -> PathBuf {
    match path.file_stem() {
        Some(stem) if !part.is_empty() => path.with_file_name(format!("{}_{part}.csv", stem.display())),
        _ => path.to_owned(),
    }
}

/// Rows and points, sorted by run, so that the order in which runs end does not show. Those of one run keep their order.
#[derive(Debug)]
pub struct Store<R, P> {
    rows_path: PathBuf,
    points_path: PathBuf,
    rows: Vec<R>,
    points: Vec<P>,
}

impl<R: Record, P: Record<Run = R::Run>> Store<R, P> {
    /// What is there already. Points without a row are dropped: their run was broken off.
    pub fn new(rows_path: PathBuf, points_path: PathBuf, rows: Vec<R>, mut points: Vec<P>) -> Self {
        points.retain(|point| rows.iter().any(|row| row.run() == point.run()));
        Self { rows_path, points_path, rows, points }
    }

    /// The rows.
    pub fn rows(&self) -> &[R] {
        &self.rows
    }

    /// The points.
    pub fn points(&self) -> &[P] {
        &self.points
    }

    /// The two files.
    pub fn paths(&self) -> [&PathBuf; 2] {
        [&self.rows_path, &self.points_path]
    }

    /// Whether a run is there.
    pub fn has(&self, run: &R::Run) -> bool {
        self.rows.iter().any(|row| row.run() == *run)
    }

    /// Adds a run and writes the files.
    pub fn add(&mut self, rows: Vec<R>, points: Vec<P>) -> Result<(), Failure> {
        self.rows.extend(rows);
        self.points.extend(points);
        self.rows.sort_by_key(R::run);
        self.points.sort_by_key(P::run);
        rows::write(&self.rows_path, &self.rows)?;
        let parts: BTreeSet<&str> = self.points.iter().map(P::part).collect();
        parts.into_iter().try_for_each(|part| {
            let those: Vec<&P> = self.points.iter().filter(|point| point.part() == part).collect();
            rows::write(&part_path(&self.points_path, part), &those)
        })
    }
}

/// A run as an experiment leaves it: its rows, its curve, and a line that tells a person how it went.
pub type Measured<R, P> = (Vec<R>, Vec<P>, String);

/// Measures the runs that are missing, `jobs` at a time, and keeps each when it is finished; the first failure ends it.
pub fn measure<T, R, P>(
    runs: &[T],
    jobs: usize,
    store: Store<R, P>,
    stop: &StopFlag,
    key: impl Fn(&T) -> R::Run,
    work: impl Fn(&T) -> Result<Measured<R, P>, Failure> + Sync,
) -> Result<Store<R, P>, Failure>
where
    T: Sync,
    R: Record + Send,
    P: Record<Run = R::Run> + Send,
{
    // Who is named twice is measured once.
    let mut asked = BTreeSet::new();
    let missing: Vec<&T> = runs.iter().filter(|run| !store.has(&key(run)) && asked.insert(key(run))).collect();
    let progress = Progress::new(missing.len(), runs.len());
    let store = Mutex::new(store);
    let finished = jobs::for_each(&missing, jobs, stop, |run| {
        let (rows, points, line) = work(run)?;
        lock(&store).add(rows, points)?;
        progress.over(&line);
        Ok(())
    });
    progress.finish();
    finished.map(|()| store.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn lock<S>(store: &Mutex<S>) -> MutexGuard<'_, S> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Line {
        run: u64,
        value: f64,
    }

    impl Record for Line {
        type Run = u64;

        fn run(&self) -> u64 {
            self.run
        }
    }

    #[test]
    fn what_is_there_is_kept_and_what_is_missing_is_measured_in_any_order() {
        let directory = tempfile::tempdir().unwrap();
        let (rows, points) = (directory.path().join("a.csv"), directory.path().join("a_curves.csv"));
        let line = |run, value| Line { run, value };
        let there = vec![line(2, 0.5)];
        let store = Store::new(rows.clone(), points.clone(), there, vec![line(2, 0.1), line(7, 0.9)]);
        let work = |&run: &u64| Ok((vec![line(run, 1.0)], vec![line(run, 3.0), line(run, 2.0)], String::new()));
        let store = measure(&[4, 2, 1], 2, store, &StopFlag::default(), |run| *run, work).unwrap();
        assert_eq!(store.rows(), [line(1, 1.0), line(2, 0.5), line(4, 1.0)]);
        let expected = [line(1, 3.0), line(1, 2.0), line(2, 0.1), line(4, 3.0), line(4, 2.0)];
        assert_eq!((store.points(), &rows::read::<Line>(&points).unwrap()[..]), (&expected[..], &expected[..]));
        assert_eq!(rows::read::<Line>(&rows).unwrap(), store.rows());
        let fails = |_: &u64| -> Result<Measured<Line, Line>, Failure> { Err(Failure::Interrupted) };
        let store = Store::new(rows.clone(), points, vec![line(2, 0.5)], vec![]);
        assert!(measure(&[2], 1, store, &StopFlag::default(), |run| *run, fails).is_ok(), "nothing is missing");
    }
}
