//! Fuzz target `frames`: frames of several clients, from the session to JavaScript, while listeners are added and removed.
//! Every frame that is JSON and has a listener must arrive once, in order and unchanged. `world.rs` documents the inputs.
#![no_main]

mod model;
mod shell;
mod world;

use libfuzzer_sys::fuzz_target;

use shell::Crossings;

fuzz_target!(
    init: check_corpus(),
    |data: &[u8]| {
        world::run(data);
    }
);

/// Checks that enough seeds cross as records. With JSON text alone, the code for records would not run.
fn check_corpus() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/frames");
    let mut all = Crossings::default();
    for file in std::fs::read_dir(corpus).expect("the corpus") {
        let input = std::fs::read(file.expect("a file").path()).expect("an input");
        let crossings = world::run(&input);
        all.records += crossings.records;
        all.texts += crossings.texts;
    }
    eprintln!("Of the seeds, {} payloads cross as records and {} as text.", all.records, all.texts);
    assert!(2 * all.records >= all.texts, "too few seeds cross as records");
}
