# use chrono::{DateTime, TimeDelta};
# use tripline::action::{OverHttp, Registry, Transport, TransportError, async_trait};
# use tripline::connector::{Callbacks, ConnectorService, Effect, BoxError, HostKey, Limits, Notify, RequestId, Sealer};
# use tripline::event::ValueObserved;
# use tripline::pipeline::Pipeline;
# use tripline::webhook::Guard;
# struct Client;
# #[async_trait]
# impl Transport for Client {
#     async fn send(&self, _: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
#         Ok(http::Response::new(Vec::new()))
#     }
# }
# struct Vault;
# impl Sealer for Vault {
#     fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, BoxError> {
#         Ok(plain.iter().map(|byte| byte ^ 0x5a).chain(context.bytes()).collect())
#     }
#     fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, BoxError> {
#         let plain = sealed.strip_suffix(context.as_bytes()).ok_or("it was not sealed for this")?;
#         Ok(plain.iter().map(|byte| byte ^ 0x5a).collect())
#     }
# }
# let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap();
# let key = [7; 32];
# let callbacks = Callbacks::new(Guard::new());
# let mut registry = Registry::new();
# registry.add(OverHttp::new(Notify::new(callbacks.clone()), Client))?;
# let pipeline = Pipeline::builder(registry).build()?;
# let mut service = ConnectorService::builder(HostKey::from_bytes(&key)?, "https://flows.contoso.example/v1", callbacks, Vault)
#     .build(now, pipeline)?;
