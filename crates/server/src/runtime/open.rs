//! From settings to a working [`App`]: data directory, key, database, network.

use crate::app::{App, Clock, Parts};
use crate::config::{Config, KeyError, SecretKey};
use crate::notify::{Notifier, NotifyError};
use crate::vault::Sealer;
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tandem_connectors::http::{HttpLimits, ReqwestTransport, TransportError};
use tandem_core::Timestamp;
use tandem_core::store::StoreError;
use tandem_store::sqlite::SqliteStore;

/// Under this name the database keeps which key it belongs to.
const KEY_ID: &str = "secret_key_id";
/// What is written to see whether a directory can be written.
const PROBE: &[u8] = b"tandem";

/// Why Tandem can't start. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory can't be made or used.
    #[error(
        "the data directory {path} can't be used: {source}; check server.data_dir, its rights and the \
         space on its disk"
    )]
    DataDir {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The secret key can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database can't be opened.
    #[error("{path}: {source}")]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// The ways on which people are told of alerts can't be used.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// The network can't be used.
    #[error("{0}")]
    Network(#[from] TransportError),
}

/// Opens everything for these settings.
///
/// # Errors
/// See [`OpenError`].
pub async fn open(config: Config, operator_token: Option<SecretString>) -> Result<App, OpenError> {
    open_with(config, operator_token, Arc::new(Timestamp::now)).await
}

/// Like [`open`], with a clock of one's own.
///
/// # Errors
/// See [`OpenError`].
pub async fn open_with(
    config: Config,
    operator_token: Option<SecretString>,
    clock: Clock,
) -> Result<App, OpenError> {
    make_data_dir(&config.server.data_dir)?;
    let path = config.database_file();
    let store = open_store(&path).await?;
    let sealer = Sealer::new(SecretKey::open(&config.secret_key_file())?);
    let failed = |source| OpenError::Store { path, source };
    check_key(&store, &sealer, &config).await.map_err(failed)?;
    let limits = HttpLimits {
        request_timeout_seconds: config.salesforce.request_timeout_seconds.into(),
        ..HttpLimits::default()
    };
    Ok(App::new(Parts {
        notifier: Notifier::new(&config)?,
        config,
        store: Arc::new(store),
        sealer: Arc::new(sealer),
        transport: Arc::new(ReqwestTransport::new(limits)?),
        clock,
        operator_token,
    }))
}

/// Opening checks the whole file, so it is done off the runtime's own threads.
async fn open_store(path: &Path) -> Result<SqliteStore, OpenError> {
    let opened = {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || SqliteStore::open(path)).await
    };
    opened
        .unwrap_or_else(|error| Err(StoreError::Other(error.to_string())))
        .map_err(|source| OpenError::Store {
            path: path.to_owned(),
            source,
        })
}

/// Makes the directory and tries it: a directory that can't be written is told as such, not as the
/// first file that fails in it.
fn make_data_dir(path: &Path) -> Result<(), OpenError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let probe = path.join(format!(".probe-{}", std::process::id()));
    let made = builder
        .create(path)
        .and_then(|()| std::fs::write(&probe, PROBE));
    let removed = std::fs::remove_file(&probe);
    made.and(removed).map_err(|source| OpenError::DataDir {
        path: path.to_owned(),
        source,
    })
}

/// A key that does not belong to the database opens none of its grants. That is no reason not to
/// start: connecting again repairs it, and restoring the key is better.
async fn check_key(
    store: &SqliteStore,
    sealer: &Sealer,
    config: &Config,
) -> Result<(), StoreError> {
    match store.meta(KEY_ID).await? {
        Some(known) if known == sealer.key_id() => Ok(()),
        None => store.put_meta(KEY_ID, &sealer.key_id()).await,
        Some(_) => {
            let file = config.secret_key_file();
            tracing::warn!(
                file = %file.display(),
                "this is not the secret key that the CRM tokens of this database were encrypted \
                 with; restore that key file, or connect to the CRM again"
            );
            Ok(())
        }
    }
}
