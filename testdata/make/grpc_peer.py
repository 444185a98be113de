"""A gRPC service without generated code: a call that succeeds, one that fails, and a stream.

serve      serves on all addresses, port 8083
use HOST   calls it
"""
import sys
from concurrent import futures

import grpc


class Service(grpc.GenericRpcHandler):
    def service(self, details):
        name = details.method.rsplit("/", 1)[1]
        if name == "Echo":
            return grpc.unary_unary_rpc_method_handler(lambda request, context: request)
        if name == "Fail":
            return grpc.unary_unary_rpc_method_handler(
                lambda request, context: context.abort(grpc.StatusCode.NOT_FOUND, "there is none"))
        if name == "Count":
            return grpc.unary_stream_rpc_method_handler(
                lambda request, context: (b"%d" % i for i in range(3)))
        return None


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((Service(),))
    server.add_insecure_port("[::]:8083")
    server.start()
    server.wait_for_termination()


def use(host):
    with grpc.insecure_channel(f"{host}:8083") as channel:
        assert channel.unary_unary("/wirelog.Test/Echo")(b"ping") == b"ping"
        try:
            channel.unary_unary("/wirelog.Test/Fail")(b"x", metadata=[("x-key", "value")])
            raise SystemExit("Fail has not failed")
        except grpc.RpcError as e:
            assert e.code() == grpc.StatusCode.NOT_FOUND
        assert list(channel.unary_stream("/wirelog.Test/Count")(b"")) == [b"0", b"1", b"2"]


if sys.argv[1] == "serve":
    serve()
else:
    use(sys.argv[2])
