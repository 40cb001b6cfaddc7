//! `tandem serve`.

use super::{Failure, told_to_stop};
use crate::config::Config;
use crate::runtime::{self, OpenError, Operator};
use crate::telemetry;

/// Serves until told to stop.
pub(super) async fn serve(mut config: Config) -> Result<(), Failure> {
    telemetry::start_log(&config.log);
    let metrics = telemetry::start_metrics();
    let stop = told_to_stop();
    // The port first: if another Tandem has it, its database is not touched.
    let listener = runtime::bind(config.server.listen).await?;
    // Port 0 is a real one now, and the way back from the CRM leads to it.
    config.server.listen = listener.local_addr()?;
    let token = Operator::new_token()?;
    let data_dir = config.server.data_dir.clone();
    let app = runtime::open(config, Some(token.clone())).await?;
    let public_url = app.config().public_url();
    let set_up = !app.needs_setup().await?;
    let serving = runtime::serve(app, listener, metrics)?;
    let url = format!("http://{}", serving.address());
    let _file = Operator { url, token }
        .leave(&data_dir)
        .map_err(|source| OpenError::DataDir {
            path: data_dir,
            source,
        })?;
    tracing::info!(address = %serving.address(), "Tandem {} is ready", env!("CARGO_PKG_VERSION"));
    if set_up {
        tracing::info!("open {public_url}");
    } else {
        tracing::info!("open {public_url} to set up Tandem");
    }
    stop.await;
    tracing::info!("stopping");
    serving.stop().await;
    Ok(())
}
