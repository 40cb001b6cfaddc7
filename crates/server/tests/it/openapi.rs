//! The committed description of the API is the one that the code makes.

use std::path::Path;
use tandem_server::http::admin::description;

#[test]
fn the_committed_description_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/admin.json");
    let made = description().expect("is JSON");
    if std::env::var_os("TANDEM_WRITE_OPENAPI").is_some() {
        std::fs::write(&file, &made).expect("writes");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == made,
        "openapi/admin.json differs from the code; run this test with TANDEM_WRITE_OPENAPI=1 and \
         look at the difference"
    );
}
