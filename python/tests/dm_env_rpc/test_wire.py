"""Our .proto files are those of the published protocol: every name, number and type that DeepMind's wheels know."""

import pytest
from dm_env_rpc.v1 import dm_env_rpc_pb2
from dm_env_rpc.v1.extensions import properties_pb2
from google.protobuf import descriptor_pb2
from google.rpc import status_pb2
from support import ROOT


def plain(message):
    """A descriptor without what is of no importance on the wire."""
    message.ClearField("options")
    for field in message.field:
        field.ClearField("json_name")
    for nested in message.nested_type:
        is_map = nested.options.map_entry
        plain(nested)
        nested.options.map_entry = is_map
    return message


@pytest.mark.parametrize("module", [dm_env_rpc_pb2, properties_pb2, status_pb2], ids=lambda module: module.__name__)
def test_our_files_say_what_the_published_ones_say(module):
    ours = descriptor_pb2.FileDescriptorSet.FromString((ROOT / "proto" / "src" / "gen" / "descriptors.bin").read_bytes())
    published = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(published)
    (own,) = (file for file in ours.file if file.name == published.name)
    assert own.package == published.package
    assert {m.name: plain(m) for m in own.message_type} == {m.name: plain(m) for m in published.message_type}
    assert {enum.name: enum for enum in own.enum_type} == {enum.name: enum for enum in published.enum_type}
    methods = [
        [(m.name, m.input_type, m.output_type, m.client_streaming, m.server_streaming) for s in file.service for m in s.method]
        for file in (own, published)
    ]
    assert methods[0] == methods[1]
    assert [service.name for service in own.service] == [service.name for service in published.service]
