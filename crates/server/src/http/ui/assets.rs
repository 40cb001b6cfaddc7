//! Style sheet, scripts and their vendored companions, embedded into the binary.
//!
//! An address carries the first digits of the file's SHA-256, so a browser may keep it for ever and
//! still has the right one after an upgrade. Nothing is ever loaded from another host.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// The address of an embedded file, with its version.
///
/// A name that is not embedded gets an address without a version, which answers 404; a test holds that
/// pages only name files that exist.
pub fn url(name: &str) -> String {
    match Assets::get(name) {
        Some(file) => format!("/assets/{name}?v={}", version(&file)),
        None => format!("/assets/{name}"),
    }
}

fn version(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    hash.iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Answers `GET /assets/{*path}`.
pub async fn serve(Path(path): Path<String>, request: HeaderMap) -> Response {
    let (Some(file), Some(content_type)) = (Assets::get(&path), content_type(&path)) else {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    };
    let tag = format!("\"{}\"", version(&file));
    let known = request
        .get(header::IF_NONE_MATCH)
        .is_some_and(|seen| *seen == tag.as_str());
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (
            header::CACHE_CONTROL,
            "public, max-age=31536000, immutable".to_owned(),
        ),
        (header::ETAG, tag),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, file.data.into_owned()).into_response()
}

/// The type of what a browser loads; everything else in the folder is for people and not served.
fn content_type(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendored_files_are_what_the_checksums_say() {
        let sums = include_str!("../../../assets/vendor/SHA256SUMS");
        for line in sums.lines() {
            let (sum, name) = line.split_once("  ").expect("a sum and a name");
            let file = Assets::get(&format!("vendor/{name}")).expect("embedded");
            let hash = file.metadata.sha256_hash();
            let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, sum, "{name} was changed");
        }
    }

    #[tokio::test]
    async fn a_known_version_is_not_sent_again_and_an_unknown_file_is_404() {
        let first = serve(Path("app.css".into()), HeaderMap::new()).await;
        assert_eq!(first.status(), StatusCode::OK);
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        let second = serve(Path("app.css".into()), again).await;
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
        for path in ["../Cargo.toml", "vendor/README.md", "nothing.css"] {
            let missing = serve(Path(path.into()), HeaderMap::new()).await;
            assert_eq!(missing.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
