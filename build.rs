//! Link arguments of a Node.js addon: symbols resolved by the host, the library never unloaded while its threads run, and
//! the C library of the folder `RTM_SYSROOT` (scripts/sysroot.mjs), so that it runs on systems that are as old.

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
