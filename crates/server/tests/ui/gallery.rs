//! Writes every page as a file, so that people can look at them without a server.

use crate::samples::Samples;
use std::fs;
use std::path::Path;

#[test]
fn the_gallery_is_written() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery");
    fs::create_dir_all(&folder).expect("a folder");
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let mut index = String::from("<!DOCTYPE html><title>Gallery</title><ul>");
    for (set, samples) in [
        ("", Samples::friendly()),
        ("hostile-", Samples::hostile()),
        ("lost-", Samples::lost()),
    ] {
        for (name, html) in samples.pages() {
            let html = html.replace("/assets/", &format!("{}/", assets.display()));
            fs::write(folder.join(format!("{set}{name}.html")), html).expect("written");
            index.push_str(&format!("<li><a href=\"{set}{name}.html\">{set}{name}</a>"));
        }
    }
    fs::write(folder.join("index.html"), index).expect("written");
    println!("{}", folder.join("index.html").display());
}
