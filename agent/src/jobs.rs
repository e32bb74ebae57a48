//! Independent pieces of work, several at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::failure::Failure;
use crate::stop::StopFlag;

/// Does the work on every item, `jobs` at a time, each begun in the order of the items. Once something failed or the user asked
/// to stop, nothing more is begun; the first failure is returned.
pub fn for_each<T: Sync>(
    items: &[T],
    jobs: usize,
    stop: &StopFlag,
    work: impl Fn(&T) -> Result<(), Failure> + Sync,
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let worker = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if stop.is_set() {
                return Err(Failure::Interrupted);
            }
            work(item).inspect_err(|_| next.store(items.len(), Ordering::Relaxed))?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.min(items.len())).map(|_| scope.spawn(worker)).collect();
        let join = |worker: thread::ScopedJoinHandle<Result<(), Failure>>| {
            worker.join().unwrap_or_else(|_| Err(Failure::System("a run panicked".to_owned())))
        };
        let results: Vec<_> = workers.into_iter().map(join).collect();
        results.into_iter().collect()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn all_items_are_worked_on_and_a_failure_begins_no_more() {
        let done = Mutex::new(Vec::new());
        let items: Vec<usize> = (0..50).collect();
        let work = |item: &usize| {
            done.lock().unwrap().push(*item);
            Ok(())
        };
        for_each(&items, 4, &StopFlag::default(), work).unwrap();
        done.lock().unwrap().sort_unstable();
        assert_eq!(std::mem::take(&mut *done.lock().unwrap()), items);
        let fails_at_three = |item: &usize| if *item == 3 { Err(Failure::Interrupted) } else { work(item) };
        assert!(matches!(for_each(&items, 1, &StopFlag::default(), fails_at_three), Err(Failure::Interrupted)));
        assert_eq!(*done.lock().unwrap(), [0, 1, 2]);
        let stop = StopFlag::default();
        stop.set();
        assert!(matches!(for_each(&items, 2, &stop, work), Err(Failure::Interrupted)));
        assert_eq!(done.lock().unwrap().len(), 3);
    }
}
