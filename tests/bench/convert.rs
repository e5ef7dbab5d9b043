//! One-off: old folders to new files. Not kept.
use super::canon::{Kept, canonical};
use super::judged::{Snapshots, checks};
use super::store;
use crate::recorded::{HEALTHY, healthy};
use clipcheck::fact::Vantage;
use clipcheck::snapshot::Snapshot;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
pub fn old(folder: &Path, state: &str) -> Snapshots {
    let mut s = Snapshots::new();
    for v in Vantage::ALL {
        let p = folder.join(state).join(format!("{v}.json"));
        if let Ok(t) = std::fs::read_to_string(&p) {
            s.insert(v, Snapshot::parse(&t, &p.display().to_string()).unwrap());
        }
    }
    s
}
pub fn healthy_first(folder: &Path) -> Result<(), String> {
    let new = canonical(&old(folder, HEALTHY), &Snapshots::new(), Kept::AsSaid, checks()?)?;
    let values: BTreeMap<_, _> = new.iter().map(|(&v, s)| (v, store::written(s).unwrap())).collect();
    store::write_healthy(&values)
}
pub fn rest(folder: &Path, into: &str, jobs: usize) -> Result<(), String> {
    let mut states: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|s| s != HEALTHY)
        .collect();
    states.sort();
    let queue = std::sync::Mutex::new(states.into_iter());
    let files = std::sync::Mutex::new(BTreeMap::<String, crate::recorded::Differences>::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let Some(state) = queue.lock().unwrap().next() else { return };
                    match canonical(
                        &old(folder, &state),
                        &healthy().unwrap().snapshots,
                        Kept::AsSaid,
                        checks().unwrap(),
                    ) {
                        Ok(new) => {
                            files
                                .lock()
                                .unwrap()
                                .entry(crate::recorded::file(into, &state))
                                .or_default()
                                .insert(state, store::lines(&new, &healthy().unwrap().values).unwrap());
                        }
                        Err(why) => eprintln!("{state}: {why}"),
                    }
                }
            });
        }
    });
    for (path, states) in files.into_inner().unwrap() {
        std::fs::write(crate::recorded::root().join(&path), crate::recorded::patch::pretty(&json!(states))).unwrap();
    }
    Ok(())
}
