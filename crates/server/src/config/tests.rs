//! The rules of the configuration, as a table of texts.

use super::*;
use std::io::Write as _;

fn with(file: &str, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut path = tempfile::NamedTempFile::new().expect("a temporary file");
    path.write_all(file.as_bytes()).expect("writes");
    let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    load(Some(path.path()), env)
}

#[test]
fn the_defaults_are_complete_and_good() {
    let config = with("", &[]).expect("defaults are good");
    assert_eq!(config.public_url(), "http://127.0.0.1:8080");
    assert_eq!(config.database_file(), PathBuf::from("data/tandem.db"));
    assert!(!config.is_https());
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = "[server]\nlisten = '127.0.0.1:1000'\npublic_url = 'https://t.example/'\n";
    let config = with(
        file,
        &[
            ("TANDEM_SERVER__LISTEN", "127.0.0.1:2000"),
            ("TANDEM_X", "y"),
        ],
    )
    .expect("is good");
    assert_eq!(config.server.listen.port(), 2000);
    assert_eq!(
        config.oauth_callback_url(),
        "https://t.example/oauth/salesforce/callback"
    );
}

/// A file, an environment, and what the refusal must name.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

#[test]
fn what_is_wrong_is_named_with_the_way_out() {
    let table: &[Case] = &[
        (
            "[server]\nlisten = 'here'",
            &[],
            &["server.listen", "here", "127.0.0.1:8080"],
        ),
        (
            "[server]\nlissten = ''",
            &[],
            &["server.lissten", "no such setting", "listen"],
        ),
        ("listen = ''", &[], &["listen", "no such setting", "server"]),
        (
            "[server]\nlisten = 80",
            &[],
            &["server.listen", "string", "integer"],
        ),
        ("[log]\nlevel = 'a=b=c'", &[], &["log.level", "try info"]),
        ("[log]\nformat = 'xml'", &[], &["log.format", "xml", "json"]),
        ("a = \n", &[], &["line 1", "not TOML"]),
        (
            "",
            &[("TANDEM_SECURITY__SESSION_HOURS", "0")],
            &["TANDEM_SECURITY__SESSION_HOURS", "0", "8760"],
        ),
        (
            "",
            &[("TANDEM_SECURITY__SESSION_HOURS", "x")],
            &["security.session_hours", "integer"],
        ),
        (
            "",
            &[("TANDEM_SALESFORCE__LOGIN_URL", "http://crm.example")],
            &["not encrypted", "https"],
        ),
        (
            "",
            &[("TANDEM_SERVER__PUBLIC_URL", "https://a.example/x")],
            &["root of its host"],
        ),
        ("", &[("TANDEM_SALESFORCE__API_VERSION", "31.0")], &["48.0"]),
    ];
    refused(table);
}

#[test]
fn the_ways_of_alerts_are_checked_at_the_start() {
    refused(&[
        (
            "[mail]\nhost = 'mail.acme.example'",
            &[],
            &["mail.from", "name a sender"],
        ),
        (
            "[mail]\nfrom = 'Tandem'",
            &[],
            &["mail.from", "not a sender"],
        ),
        (
            "[mail]\nhost = 'mail.acme.example'\nfrom = 't@acme.example'\ntls = 'none'\nuser = 't'",
            &[],
            &["mail.tls", "unencrypted", "starttls"],
        ),
        ("[mail]\ntls = 'ssl'", &[], &["mail.tls", "ssl", "starttls"]),
        ("", &[("TANDEM_MAIL__PORT", "0")], &["mail.port", "65535"]),
        (
            "[webhook]\nurl = 'http://hooks.acme.example/x'",
            &[],
            &["webhook.url", "https"],
        ),
    ]);
}

fn refused(table: &[Case]) {
    for (file, env, expected) in table {
        let text = with(file, env).expect_err(file).to_string();
        for part in *expected {
            assert!(text.contains(part), "{text:?} should contain {part:?}");
        }
    }
}

#[test]
fn a_secret_never_stands_in_a_message() {
    let broken = "[salesforce]\nclient_secret = 'hush-hush\n";
    assert!(
        !with(broken, &[])
            .expect_err("broken")
            .to_string()
            .contains("hush")
    );
    let broken = "[webhook]\nurl = 'http://hooks.acme.example/hush'";
    let told = with(broken, &[]).expect_err("not encrypted").to_string();
    assert!(!told.contains("hush"), "{told}");
    let settings = "[salesforce]\nclient_secret = 'hush-1'\n[mail]\npassword = 'hush-2'\n\
         [webhook]\nurl = 'https://hooks.acme.example/hush-3'\nsecret = 'hush-4'";
    let config = with(settings, &[]).expect("is good");
    assert!(!format!("{config:?}").contains("hush"));
}

#[test]
fn the_key_is_made_once_and_only_for_its_owner() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("secret.key");
    let made = SecretKey::open(&path).expect("is made");
    let read = SecretKey::open(&path).expect("is read");
    assert_eq!(made.bytes(), read.bytes());
    assert_eq!(made.id(), read.id());
    assert!(!format!("{made:?}").contains(&format!("{:?}", made.bytes())));
    std::fs::write(&path, b"short").expect("writes");
    assert!(matches!(
        SecretKey::open(&path),
        Err(KeyError::NotAKey { .. })
    ));
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("secret.key");
    SecretKey::open(&path).expect("is made");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("is opened up");
    assert!(matches!(
        SecretKey::open(&path),
        Err(KeyError::Exposed { .. })
    ));
}
