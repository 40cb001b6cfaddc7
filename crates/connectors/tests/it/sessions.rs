//! Tokens end, rotate and are revoked; allowances run out; nothing is lost by it.

use crate::org::{ORIGIN, Org, Wire, app, create, options, request};
use bytes::Bytes;
use http::Request;
use secrecy::ExposeSecret as _;
use std::sync::Arc;
use tandem_connectors::oauth::{
    Pkce, Tokens, authorize_url, exchange_code, revoke, state_from_random,
};
use tandem_connectors::vault::{Grant, GrantVault as _};
use tandem_core::connector::{Connector as _, Next};
use tandem_core::error::ErrorClass;
use tandem_sandbox::faults::FaultAction;
use tandem_sandbox::{Options, Sandbox};

const REDIRECT: &str = "http://localhost:8080/connected";

/// Signs in as the connector user in a browser that is a function call.
async fn sign_in(sandbox: &Arc<Sandbox>) -> Tokens {
    let pkce = Pkce::from_random([3; 32]);
    let state = state_from_random([4; 32]);
    let url = authorize_url(&app(), REDIRECT, &state, &pkce);
    let credentials = sandbox.credentials(ORIGIN);
    let mut form =
        url::form_urlencoded::Serializer::new(url.query().unwrap_or_default().to_owned());
    form.append_pair("username", &credentials.username)
        .append_pair("password", &options().password)
        .append_pair("decision", "allow");
    let request = Request::post(format!("{ORIGIN}{}", url.path()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(form.finish()))
        .expect("a request");
    let answer = sandbox.handle(request).response;
    let back = answer
        .headers()
        .get("location")
        .expect("a redirect")
        .to_str()
        .expect("text");
    let back = url::Url::parse(back).expect("an address");
    let parameter = |name: &str| {
        let pair = back.query_pairs().find(|(key, _)| key == name);
        pair.map(|(_, value)| value.into_owned())
            .expect("a parameter")
    };
    assert_eq!(parameter("state"), state);
    let wire = Wire::new(sandbox.clone());
    let tokens = exchange_code(&wire, &app(), REDIRECT, &parameter("code"), &pkce.verifier).await;
    tokens.expect("tokens")
}

async fn signed_in(options: Options) -> Org {
    let sandbox = Arc::new(Sandbox::new(options));
    let tokens = sign_in(&sandbox).await;
    let grant = Grant {
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token.expect("a refresh token"),
        instance_url: tokens.instance_url,
        version: 1,
    };
    Org::connected(sandbox, grant, |config| config.page_rows_max = 5)
}

#[tokio::test]
async fn a_person_signs_in_and_records_come() {
    let org = signed_in(Options {
        require_pkce: true,
        ..options()
    })
    .await;
    org.leads(3);
    assert_eq!(org.pull("Lead", None).await.0.len(), 3);
    let reply = org
        .pay(org.salesforce.identify().await)
        .expect("an identity");
    assert_eq!(reply.user_id.as_str(), org.connector_user().to_string());
}

#[tokio::test]
async fn a_token_that_ends_between_pages_costs_no_row_and_no_call() {
    let org = signed_in(options()).await;
    let made = org.leads(12);
    let first = org.page(request("Lead", None, None)).await;
    let Next::Page(token) = first.next else {
        panic!("there is more");
    };
    org.strike(&FaultAction::ExpireAccessTokens);
    let second = org.page(request("Lead", None, Some(token))).await;
    let ids = crate::org::ids(&second.records);
    assert_eq!(ids, made[5..10]);
    assert_eq!(org.spent(), 2);
    assert_eq!(org.vault.load().await.expect("a grant").version, 2);
}

#[tokio::test]
async fn callers_that_meet_the_end_together_renew_once() {
    let org = signed_in(Options {
        rotate_refresh_tokens: true,
        ..options()
    })
    .await;
    org.strike(&FaultAction::ExpireAccessTokens);
    let results = tokio::join!(
        org.salesforce.limits(),
        org.salesforce.limits(),
        org.salesforce.users(),
    );
    assert!(results.0.is_ok() && results.1.is_ok() && results.2.is_ok());
    assert_eq!(org.vault.load().await.expect("a grant").version, 2);
}

#[tokio::test]
async fn a_rotated_refresh_token_is_kept_and_used() {
    let org = signed_in(Options {
        rotate_refresh_tokens: true,
        ..options()
    })
    .await;
    let mut seen = vec![org.vault.load().await.expect("a grant").refresh_token];
    for round in 2..5 {
        org.strike(&FaultAction::ExpireAccessTokens);
        org.pay(org.salesforce.limits().await).expect("limits");
        let grant = org.vault.load().await.expect("a grant");
        assert_eq!(grant.version, round);
        let known = seen
            .iter()
            .any(|old| old.expose_secret() == grant.refresh_token.expose_secret());
        assert!(!known, "a new one each time");
        seen.push(grant.refresh_token);
    }
    assert_eq!(org.spent(), 3);
}

#[tokio::test]
async fn a_revoked_connection_says_so_and_writes_nothing() {
    let org = signed_in(options()).await;
    let grant = org.vault.load().await.expect("a grant");
    let wire = Wire::new(org.sandbox.clone());
    revoke(&wire, &app(), &grant.refresh_token)
        .await
        .expect("revoked");
    let error = org
        .write("Lead", &[create(None, "Berg")], &[])
        .await
        .expect_err("revoked");
    assert_eq!(
        (error.failure.class, error.calls),
        (ErrorClass::ConnectionRevoked, 0)
    );
    assert!(!format!("{error:?}").contains(grant.refresh_token.expose_secret()));
    assert_eq!((org.count("Lead"), org.spent()), (0, 0));
}

#[tokio::test]
async fn a_create_whose_token_ended_is_made_once() {
    let org = signed_in(options()).await;
    org.strike(&FaultAction::ExpireAccessTokens);
    org.write("Lead", &[create(None, "Berg")], &[])
        .await
        .expect("an answer");
    assert_eq!(org.count("Lead"), 1);
}

#[tokio::test]
async fn throttling_is_told_by_its_kind_and_ends() {
    let org = signed_in(options()).await;
    for (concurrent, class) in [(false, ErrorClass::ApiLimit), (true, ErrorClass::Busy)] {
        org.strike(&FaultAction::Throttle {
            seconds: 60,
            concurrent,
        });
        let error = org.pay(org.salesforce.limits().await).expect_err("refused");
        assert_eq!(error.failure.class, class);
        let error = org
            .write("Lead", &[create(None, "Berg")], &[])
            .await
            .expect_err("refused");
        assert_eq!(error.failure.class, class);
        org.advance(60);
        org.pay(org.salesforce.limits().await).expect("limits");
    }
    assert_eq!(org.count("Lead"), 0);
}

#[tokio::test]
async fn an_outage_is_unavailable_for_questions_and_doubt_for_writes() {
    let org = signed_in(options()).await;
    org.strike(&FaultAction::Outage { seconds: 60 });
    let error = org.pay(org.salesforce.limits().await).expect_err("down");
    assert_eq!(error.failure.class, ErrorClass::Unavailable);
    let error = org
        .write("Lead", &[create(None, "Berg")], &[])
        .await
        .expect_err("down");
    assert_eq!(error.failure.class, ErrorClass::AnswerLost);
}

#[tokio::test]
async fn a_used_up_allowance_pauses_the_budget() {
    let org = signed_in(Options {
        call_limit_24h: 2,
        ..options()
    })
    .await;
    let usage = org.pay(org.salesforce.limits().await).expect("limits");
    assert_eq!((usage.used, usage.max), (1, 2));
    org.pull("Lead", None).await;
    let error = org.pay(org.salesforce.limits().await).expect_err("used up");
    assert_eq!(error.failure.class, ErrorClass::ApiLimit);
}
