# use std::time::Duration;
# use http::{Request, Response};
# use tripline::action::{Transport, TransportError};
# use tripline::testing::{Fate, ScriptedTransport, Sent, World};
# /// One request under a fate, to a service that answers `ok`: the answer, and what became of the request.
# fn under(fate: Fate) -> (Result<Response<Vec<u8>>, TransportError>, Sent) {
#     let world = World::new(7);
#     let transport = ScriptedTransport::new(&world, |_| Response::new(b"ok".to_vec()));
#     transport.script([fate]);
#     let answer = world.block_on(transport.send(Request::post("https://example.com/").body(Vec::new()).unwrap()));
#     (answer, transport.sent()[0].clone())
# }
