"""ML Metadata's gRPC service, over an SQLite file: what its own server, which no Python package holds,
does."""

from __future__ import annotations

import sys
from concurrent import futures

import grpc
from ml_metadata import errors
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb
from ml_metadata.proto import metadata_store_service_pb2 as service
from ml_metadata.proto import metadata_store_service_pb2_grpc as stubs

CODES = {code.value[0]: code for code in grpc.StatusCode}


def answering(store, method):
    def answer(self, request, context):
        response = getattr(service, f"{method}Response")()
        try:
            store._call_method(method, request, response)
        except errors.StatusError as error:
            context.abort(CODES[error.error_code], str(error))
        return response

    return answer


def serve(port: str, file: str) -> None:
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = file
    config.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    store = metadata_store.MetadataStore(config)
    methods = [m.name for m in service.DESCRIPTOR.services_by_name["MetadataStoreService"].methods]
    servicer = type(
        "Servicer", (stubs.MetadataStoreServiceServicer,), {m: answering(store, m) for m in methods}
    )
    server = grpc.server(futures.ThreadPoolExecutor(1))
    stubs.add_MetadataStoreServiceServicer_to_server(servicer(), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    serve(*sys.argv[1:])
