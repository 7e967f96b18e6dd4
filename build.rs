//! Link arguments of a Node.js addon: symbols resolved by the host, the library never unloaded while its threads run.

fn main() {
    if std::env::var_os("CARGO_FEATURE_NODE").is_some() {
        napi_build::setup();
    }
}
