//! RSA public keys out of PEM: as PKCS #1, as a public key (SPKI), or inside an X.509 certificate.
//!
//! A certificate is only the wrapping of a key here: neither its dates nor who signed it are looked at.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Longest PEM text taken.
const MAX_PEM_BYTES: usize = 32 * 1024;
/// The object identifier of an RSA key, 1.2.840.113549.1.1.1.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// The version of a certificate, which old ones leave out.
const VERSION: u8 = 0xa0;

/// The text is not an RSA public key in any of the known forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not PEM of a certificate or public key with an RSA key")]
pub(crate) struct RsaKeyError;

/// The key as PKCS #1 DER.
pub(super) fn public_key(pem: &str) -> Result<Vec<u8>, RsaKeyError> {
    let (label, der) = decode(pem).ok_or(RsaKeyError)?;
    let key = match label {
        "CERTIFICATE" => in_certificate(&der).and_then(in_key_info),
        "PUBLIC KEY" => in_key_info(&der),
        "RSA PUBLIC KEY" => Some(der.as_slice()),
        _ => None,
    };
    key.filter(|key| is_rsa_key(key))
        .map(<[u8]>::to_vec)
        .ok_or(RsaKeyError)
}

/// The label and the bytes of the first PEM block.
pub(super) fn decode(pem: &str) -> Option<(&str, Vec<u8>)> {
    if pem.len() > MAX_PEM_BYTES {
        return None;
    }
    let (label, rest) = pem.split_once("-----BEGIN ")?.1.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let body: String = body.split_ascii_whitespace().collect();
    Some((label, STANDARD.decode(body).ok()?))
}

/// The key information of a certificate: behind serial, algorithm, issuer, validity and subject.
fn in_certificate(der: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = value(der, SEQUENCE)?;
    let (mut signed, _) = value(certificate, SEQUENCE)?;
    if signed.first() == Some(&VERSION) {
        signed = value(signed, VERSION)?.1;
    }
    for tag in [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] {
        signed = value(signed, tag)?.1;
    }
    Some(signed)
}

fn in_key_info(der: &[u8]) -> Option<&[u8]> {
    let (info, _) = value(der, SEQUENCE)?;
    let (algorithm, rest) = value(info, SEQUENCE)?;
    let (id, _) = value(algorithm, OBJECT_ID)?;
    let (bits, _) = value(rest, BIT_STRING)?;
    let key = bits.strip_prefix(&[0])?;
    (id == RSA_ENCRYPTION).then_some(key)
}

/// Modulus and exponent, each without leading zeros.
pub(super) fn parts(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (numbers, _) = value(key, SEQUENCE)?;
    let (modulus, rest) = value(numbers, INTEGER)?;
    let (exponent, _) = value(rest, INTEGER)?;
    let bare = |number: &'_ [u8]| number.iter().position(|byte| *byte != 0);
    Some((&modulus[bare(modulus)?..], &exponent[bare(exponent)?..]))
}

fn is_rsa_key(key: &[u8]) -> bool {
    parts(key).is_some()
}

/// The content of the DER value at the start, which must have this tag, and what follows it.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length).filter(|_| found == tag)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A small key of the three forms; the certificate has no version and a signature of one byte.
    fn forms() -> [String; 3] {
        let sequence =
            |parts: &[&[u8]]| [&[0x30, parts.concat().len() as u8][..], &parts.concat()].concat();
        let key = sequence(&[&[2, 2, 0, 0xc5], &[2, 1, 3]]);
        let id = [&[6, 9][..], RSA_ENCRYPTION].concat();
        let bits = [&[3, key.len() as u8 + 1, 0][..], &key].concat();
        let info = sequence(&[&sequence(&[&id, &[5, 0]]), &bits]);
        let none = [0x30, 0];
        let signed = sequence(&[&[2, 1, 1], &none, &none, &none, &none, &info]);
        let certificate = sequence(&[&signed, &none, &[3, 1, 0]]);
        let pem = |label: &str, der: &[u8]| {
            let body = STANDARD.encode(der);
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        };
        [
            pem("RSA PUBLIC KEY", &key),
            pem("PUBLIC KEY", &info),
            pem("CERTIFICATE", &certificate),
        ]
    }

    #[test]
    fn a_key_is_found_in_every_form() {
        let keys = forms().map(|pem| public_key(&pem).expect("a key"));
        assert_eq!(keys[0], keys[1]);
        assert_eq!(keys[1], keys[2]);
        assert_eq!(parts(&keys[0]), Some((&[0xc5][..], &[3][..])));
        assert_eq!(
            public_key("-----BEGIN PUBLIC KEY-----AAAA-----END "),
            Err(RsaKeyError)
        );
    }

    proptest! {
        #[test]
        fn any_text_has_a_key_or_has_none(which in 0_usize..3, cut in 0_usize..400, text in "\\PC{0,20}") {
            let mut pem = forms()[which].clone();
            let cut = (0..=cut.min(pem.len())).rev().find(|at| pem.is_char_boundary(*at)).unwrap_or(0);
            pem.replace_range(cut.., &text);
            let _ = public_key(&pem);
            let _ = public_key(&format!("-----BEGIN CERTIFICATE-----{}-----END ", STANDARD.encode(&text)));
        }
    }
}
