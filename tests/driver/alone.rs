//! Tests that need a process of their own: for its environment, or to count what it has open.

use std::env;
use std::process::Command;

const ALONE: &str = "SLACK_RTM_TEST_ALONE";

/// Whether the test of this name has the process to itself. Where not, runs it once more in one, with these
/// variables; then there is nothing left to do here.
///
/// # Panics
/// The test failed there.
pub(crate) fn is_alone(test: &str, variables: &[(&str, &str)]) -> bool {
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let output = Command::new(env::current_exe().expect("a running program has a file"))
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "1")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .envs(variables.iter().copied())
        .output()
        .expect("the program can be run");
    let printed =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
    false
}
