//! Link arguments of the Node.js addon. Node resolves its symbols, and it is never unloaded while its threads run. If
//! `RTM_SYSROOT` is set (scripts/sysroot.mjs), the addon is linked against the old glibc in that folder.

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
