//! Certificates and tokens, over real sockets.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use spikedrive_env::Action;
use spikedrive_proto::address::Address;
use spikedrive_proto::client::{ClientFiles, ClientSecurity, Target};
use spikedrive_proto::convert::action_bytes;
use spikedrive_proto::v1;
use spikedrive_proto::v1::environment_service_client::EnvironmentServiceClient;
use spikedrive_proto::v1::stream_request::Command;
use spikedrive_server::healthcheck::healthcheck;
use spikedrive_server::listen::{ListenAddress, Listener};
use spikedrive_server::security::{Security, Tls, Tokens};
use spikedrive_server::serve::{ServeError, ServeOptions, serve};
use support::{Server, config, within};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::{ServerReflectionRequest, server_reflection_request::MessageRequest};

const ANN: &str = "ann-0123456789abcdef";
const BOB: &str = "bob-0123456789abcdef";

type Client = EnvironmentServiceClient<InterceptedService<Channel, ClientSecurity>>;

/// A directory with an authority, certificates that it signed, and those of a stranger.
struct Papers(TempDir);

impl Papers {
    fn new() -> Self {
        let papers = Self(tempfile::tempdir().unwrap());
        for authority in ["ca", "stranger"] {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
            papers.write(&format!("{authority}.pem"), &ca.pem());
            for leaf in ["server", "client"] {
                let key = KeyPair::generate().unwrap();
                let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
                let certificate = params.signed_by(&key, &ca).unwrap();
                papers.write(&format!("{authority}-{leaf}.pem"), &certificate.pem());
                papers.write(&format!("{authority}-{leaf}.key"), &key.serialize_pem());
            }
        }
        papers.write("tokens", &format!("ann {ANN}\nbob {BOB}\n"));
        papers
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn tls(&self, mutual: bool) -> Option<Tls> {
        let ca = self.path("ca.pem");
        let ca = mutual.then_some(ca.as_path());
        Some(Tls::read(&self.path("ca-server.pem"), &self.path("ca-server.key"), ca).unwrap())
    }

    fn tokens(&self) -> Option<Tokens> {
        Some(Tokens::read(&self.path("tokens")).unwrap())
    }

    /// A client that trusts `ca`, shows the certificate of `identity` and a token.
    fn client(&self, ca: &str, identity: Option<&str>, token: Option<&str>) -> ClientSecurity {
        let token = token.map(|token| {
            self.write("token", token);
            self.path("token")
        });
        let identity = identity.map(|name| (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key"))));
        ClientSecurity::read(&ClientFiles { ca: Some(self.path(ca)), identity, token }).unwrap()
    }
}

async fn start(security: Security) -> Server {
    Server::with(ServeOptions { security, ..ServeOptions::default() }).await
}

async fn connect(target: &Target) -> Result<Client, tonic::transport::Error> {
    let channel = within(target.endpoint().unwrap().connect()).await?;
    Ok(Client::new(InterceptedService::new(channel, target.security.clone())))
}

fn secure(server: &Server, security: ClientSecurity) -> Target {
    Target { address: format!("https://localhost:{}", server.address.port()).parse().unwrap(), security }
}

fn plain(server: &Server, security: ClientSecurity) -> Target {
    Target { address: server.address.to_string().parse().unwrap(), security }
}

async fn create(client: &mut Client) -> Result<String, Status> {
    let request = v1::CreateSessionRequest::from(&config(1));
    Ok(within(client.create_session(request)).await?.into_inner().session_id)
}

/// A step by a stream.
async fn stream_step(client: &mut Client, session_id: &str) -> Result<v1::StreamResponse, Status> {
    let command = Some(Command::Actions(action_bytes(&[Action::Left]).into()));
    let request = v1::StreamRequest { session_id: session_id.to_owned(), command };
    let mut answers = within(client.stream(tokio_stream::once(request))).await?.into_inner();
    within(answers.message()).await.map(Option::unwrap)
}

async fn unary_step(client: &mut Client, session_id: &str) -> Result<(), Status> {
    let request = v1::StepRequest { session_id: session_id.to_owned(), actions: action_bytes(&[Action::Left]) };
    within(client.step(request)).await.map(drop)
}

#[tokio::test]
async fn tls_is_spoken_to_those_who_trust_the_authority() {
    let papers = Papers::new();
    let server = start(Security { tls: papers.tls(false), tokens: None }).await;
    let target = secure(&server, papers.client("ca.pem", None, None));
    let mut client = connect(&target).await.unwrap();
    let session_id = create(&mut client).await.unwrap();
    stream_step(&mut client, &session_id).await.unwrap();
    healthcheck(&target).await.unwrap();
    assert!(connect(&secure(&server, papers.client("stranger.pem", None, None))).await.is_err());
    // Nobody is served in the clear.
    let mut clear = match connect(&plain(&server, ClientSecurity::default())).await {
        Ok(client) => client,
        Err(_) => return,
    };
    assert!(create(&mut clear).await.is_err());
}

#[tokio::test]
async fn mutual_tls_lets_in_whom_the_authority_knows_and_each_has_sessions_of_his_own() {
    let papers = Papers::new();
    let server = start(Security { tls: papers.tls(true), tokens: None }).await;
    let with = |identity| secure(&server, papers.client("ca.pem", identity, None));
    for identity in [None, Some("stranger-client")] {
        let refused = match connect(&with(identity)).await {
            Ok(mut client) => create(&mut client).await.is_err(),
            Err(_) => true,
        };
        assert!(refused, "{identity:?}");
    }
    let mut client = connect(&with(Some("ca-client"))).await.unwrap();
    let session_id = create(&mut client).await.unwrap();
    unary_step(&mut client, &session_id).await.unwrap();
    let list = within(client.list_sessions(v1::ListSessionsRequest {})).await.unwrap().into_inner().sessions;
    assert_eq!(list.iter().map(|session| &session.session_id).collect::<Vec<_>>(), [&session_id]);
    let mut other = connect(&with(Some("ca-server"))).await.unwrap();
    assert_eq!(unary_step(&mut other, &session_id).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_token_is_wanted_by_every_call_but_health() {
    let papers = Papers::new();
    let server = start(Security { tls: None, tokens: papers.tokens() }).await;
    let client = |token| plain(&server, papers.client("ca.pem", None, token));
    let mut ann = connect(&client(Some(ANN))).await.unwrap();
    let session_id = create(&mut ann).await.unwrap();
    unary_step(&mut ann, &session_id).await.unwrap();
    for (token, reason) in
        [(None, "this server wants a token"), (Some("eve-0123456789abcdef"), "none of this server's")]
    {
        let target = client(token);
        let mut stranger = connect(&target).await.unwrap();
        let refusals = [
            create(&mut stranger).await.map(drop),
            unary_step(&mut stranger, &session_id).await,
            stream_step(&mut stranger, &session_id).await.map(drop),
            within(stranger.get_spec(v1::GetSpecRequest::default())).await.map(drop),
            within(stranger.list_sessions(v1::ListSessionsRequest {})).await.map(drop),
        ];
        for refusal in refusals {
            let status = refusal.unwrap_err();
            assert_eq!(status.code(), Code::Unauthenticated);
            assert!(status.message().contains(reason) && !status.message().contains("eve-"), "{status}");
        }
        let channel = within(target.endpoint().unwrap().connect()).await.unwrap();
        let mut reflection = ServerReflectionClient::with_interceptor(channel, target.security.clone());
        let message_request = Some(MessageRequest::ListServices(String::new()));
        let request = ServerReflectionRequest { host: String::new(), message_request };
        let refused = within(reflection.server_reflection_info(tokio_stream::once(request))).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        healthcheck(&target).await.unwrap();
    }
}

#[tokio::test]
async fn each_token_has_sessions_of_its_own() {
    let papers = Papers::new();
    let limits = spikedrive_server::sessions::SessionLimits { max_sessions_per_caller: 1, ..Default::default() };
    let security = Security { tls: papers.tls(false), tokens: papers.tokens() };
    let server = Server::with(ServeOptions { limits, security, ..ServeOptions::default() }).await;
    let client = |token| secure(&server, papers.client("ca.pem", None, Some(token)));
    let (mut ann, mut bob) = (connect(&client(ANN)).await.unwrap(), connect(&client(BOB)).await.unwrap());
    let session_id = create(&mut ann).await.unwrap();
    let full = create(&mut ann).await.unwrap_err();
    assert_eq!(full.code(), Code::ResourceExhausted);
    assert!(full.message().starts_with("the holder of token ann holds 1 sessions"), "{full}");
    let other = create(&mut bob).await.unwrap();
    assert_eq!(unary_step(&mut bob, &session_id).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(stream_step(&mut bob, &session_id).await.unwrap_err().code(), Code::NotFound);
    let close = v1::CloseSessionRequest { session_id: session_id.clone() };
    assert_eq!(within(bob.close_session(close)).await.unwrap_err().code(), Code::NotFound);
    for (client, id) in [(&mut ann, &session_id), (&mut bob, &other)] {
        let list = within(client.list_sessions(v1::ListSessionsRequest {})).await.unwrap().into_inner().sessions;
        assert_eq!(list.len(), 1);
        let summary = &list[0];
        assert_eq!((&summary.session_id, summary.course.as_str()), (id, "phase 4, train"));
        assert_eq!((summary.lanes, summary.horizon, summary.streaming, summary.lease_seconds), (1, 25, false, 600));
    }
}

#[tokio::test]
async fn tokens_never_travel_in_the_clear() {
    let papers = Papers::new();
    let listener = Listener::bind(&"0.0.0.0:0".parse().unwrap()).await.unwrap();
    let options = ServeOptions { security: Security { tls: None, tokens: papers.tokens() }, ..ServeOptions::default() };
    let error = within(serve(listener, options, CancellationToken::new())).await.unwrap_err();
    assert!(matches!(error, ServeError::TokensInTheClear(_)));
    assert!(error.to_string().contains("give --tls-cert and --tls-key, or listen on 127.0.0.1"), "{error}");
    let target = Target {
        address: "http://192.0.2.1:50051".parse().unwrap(),
        security: papers.client("ca.pem", None, Some(ANN)),
    };
    assert!(target.endpoint().unwrap_err().to_string().contains("would travel in the clear"));
}

#[tokio::test]
async fn a_unix_socket_takes_tokens_and_no_tls() {
    let papers = Papers::new();
    let path = papers.path("s.sock");
    let address = ListenAddress::Unix(path.clone());
    let tls = ServeOptions { security: Security { tls: papers.tls(false), tokens: None }, ..ServeOptions::default() };
    let refused = serve(Listener::bind(&address).await.unwrap(), tls, CancellationToken::new()).await.unwrap_err();
    assert!(matches!(refused, ServeError::TlsOnUnix) && !Path::new(&path).exists());

    let tokens = ServeOptions { security: Security { tls: None, tokens: papers.tokens() }, ..ServeOptions::default() };
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(serve(Listener::bind(&address).await.unwrap(), tokens, shutdown.clone()));
    let target =
        |token| Target { address: Address::Unix(path.clone()), security: papers.client("ca.pem", None, token) };
    let mut client = connect(&target(Some(ANN))).await.unwrap();
    let session_id = create(&mut client).await.unwrap();
    stream_step(&mut client, &session_id).await.unwrap();
    let mut stranger = connect(&target(None)).await.unwrap();
    assert_eq!(create(&mut stranger).await.unwrap_err().code(), Code::Unauthenticated);
    shutdown.cancel();
    within(serving).await.unwrap().unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_message_that_is_too_long_is_refused() {
    let server = Server::with(ServeOptions { max_message_bytes: 1024, ..ServeOptions::default() }).await;
    let mut client = connect(&plain(&server, ClientSecurity::default())).await.unwrap();
    let request = v1::RestoreRequest { state: vec![0; 2000], lease_seconds: 0 };
    assert_eq!(within(client.restore(request)).await.unwrap_err().code(), Code::OutOfRange);
    let session_id = create(&mut client).await.unwrap();
    let command = Some(Command::ActionRows(vec![1; 2000].into()));
    let request = v1::StreamRequest { session_id, command };
    let mut answers = within(client.stream(tokio_stream::once(request))).await.unwrap().into_inner();
    assert_eq!(within(answers.message()).await.unwrap_err().code(), Code::OutOfRange);
}
