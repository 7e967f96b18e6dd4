//! Tests that need their own process: because of environment variables, or because they count open files.

use std::env;
use std::process::Command;

const OWN_PROCESS: &str = "SLACK_RTM_TEST_OWN_PROCESS";

/// Whether this process runs only the test of this name. If not, runs the test in a new process with these environment
/// variables, and the caller should return.
///
/// # Panics
/// The test failed in the new process.
pub(crate) fn has_own_process(test: &str, variables: &[(&str, &str)]) -> bool {
    if env::var_os(OWN_PROCESS).is_some() {
        return true;
    }
    let output = Command::new(env::current_exe().expect("a running program has a file"))
        .args(["--exact", test, "--nocapture"])
        .env(OWN_PROCESS, "1")
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
