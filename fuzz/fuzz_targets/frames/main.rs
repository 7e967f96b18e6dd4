//! Frames of several clients, from the session to the items that cross to JavaScript.
//!
//! It checks which frames are JSON, which have a listener, that each one crosses once, unchanged and in order, and when
//! JavaScript is woken, while listeners are added and removed. `scenario.rs` describes the inputs.
#![no_main]

mod js_thread;
mod model;
mod scenario;

use libfuzzer_sys::fuzz_target;

use js_thread::PayloadCounts;

fuzz_target!(
    init: check_corpus(),
    |data: &[u8]| {
        scenario::run(data);
    }
);

/// Checks that enough payloads of the corpus cross as records. Otherwise the decoder would hardly be tested.
fn check_corpus() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/frames");
    let mut all = PayloadCounts::default();
    for file in std::fs::read_dir(corpus).expect("the corpus exists") {
        let input = std::fs::read(file.expect("a file").path()).expect("the file is readable");
        let counts = scenario::run(&input);
        all.records += counts.records;
        all.json += counts.json;
    }
    eprintln!("In the corpus, {} payloads cross as records and {} as JSON.", all.records, all.json);
    assert!(2 * all.records >= all.json, "too few payloads of the corpus cross as records");
}
