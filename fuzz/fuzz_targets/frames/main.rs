//! Frames of several clients, from the session to what crosses to JavaScript: which are JSON, which are heard, in which
//! order, each once, each as it came, with listeners that come and go meanwhile. What an input means is told in
//! `world.rs`.
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

/// A corpus of which nearly all crosses as JSON text would try nothing of what records are made by.
fn check_corpus() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/frames");
    let mut all = Crossings::default();
    for file in std::fs::read_dir(corpus).expect("the corpus") {
        let input = std::fs::read(file.expect("a file").path()).expect("an input");
        let crossings = world::run(&input);
        all.records += crossings.records;
        all.texts += crossings.texts;
    }
    eprintln!("In the corpus, {} payloads cross as records and {} as text.", all.records, all.texts);
    assert!(2 * all.records >= all.texts, "a corpus for records");
}
