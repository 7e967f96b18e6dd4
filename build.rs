//! Sets the link arguments of the Node.js addon.
//!
//! `napi_build` sets those that every addon needs: symbols that the Node.js process provides, and no unloading of the library
//! while its threads run. If the environment variable `RTM_SYSROOT` is set, the addon is linked against the C library in that
//! folder (see `scripts/sysroot.mjs`), so that it also runs on older systems.

use std::env::var_os;

fn main() {
    if var_os("CARGO_FEATURE_NODE").is_none() {
        return;
    }
    napi_build::setup();
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RTM_SYSROOT");
    if let Some(sysroot) = var_os("RTM_SYSROOT") {
        let sysroot = sysroot.display();
        println!("cargo::rustc-link-arg-cdylib=--sysroot={sysroot}");
        println!("cargo::rustc-link-arg-cdylib=-L{sysroot}/usr/lib");
        println!("cargo::rustc-link-arg-cdylib=-L{sysroot}/lib");
    }
}
