//! The HTML of the log-in and consent page. Plain on purpose: it has to work in any browser and any form reader.

use std::fmt::Write as _;

/// Parameters the form carries from the authorize request to its own POST.
pub(super) const CARRIED: [&str; 8] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "login_hint",
];

/// The page that asks for a user name, a password and consent.
pub(super) fn login(parameters: &[(String, String)], problem: Option<&str>) -> String {
    let hidden: String = parameters
        .iter()
        .filter(|(name, _)| CARRIED.contains(&name.as_str()))
        .map(|(name, value)| {
            format!(
                "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                escape(value)
            )
        })
        .collect();
    let hint = parameters
        .iter()
        .find(|(name, _)| name == "login_hint")
        .map_or("", |(_, v)| v);
    let problem = problem.map(|text| format!("<p role=\"alert\">{}</p>", escape(text)));
    page(
        "Log in and allow access",
        &format!(
            "{problem}<form method=\"post\" action=\"/services/oauth2/authorize\">{hidden}\
             <p><label>Username <input name=\"username\" id=\"username\" value=\"{hint}\"></label></p>\
             <p><label>Password <input name=\"password\" id=\"password\" type=\"password\"></label></p>\
             <p>The application asks to read and change your data at any time.</p>\
             <p><button name=\"decision\" id=\"allow\" value=\"allow\">Log in and allow</button> \
             <button name=\"decision\" id=\"deny\" value=\"deny\">Deny</button></p></form>",
            problem = problem.unwrap_or_default(),
            hint = escape(hint),
        ),
    )
}

/// The page shown when the request cannot be sent back to the application.
pub(super) fn refusal(error: &str, description: &str) -> String {
    let body = format!(
        "<p>error={}</p><p>error_description={}</p>",
        escape(error),
        escape(description)
    );
    page("We can't authorize you", &body)
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    )
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' => {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "&#{};", c as u32);
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_the_request_becomes_markup() {
        let hostile = vec![
            ("state".to_owned(), "\"><script>".to_owned()),
            ("evil".to_owned(), "x".to_owned()),
        ];
        let page = login(&hostile, Some("<b>no</b>"));
        assert!(!page.contains("<script>") && !page.contains("<b>no") && !page.contains("evil"));
        assert!(page.contains("value=\"&#34;&#62;&#60;script&#62;\""));
    }
}
