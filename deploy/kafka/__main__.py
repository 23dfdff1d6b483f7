"""`make kafka`: a real Apache Kafka on this machine until Ctrl-C."""

import argparse
import signal

from deploy.kafka.artifacts import VERSION, BrokerUnavailableError
from deploy.kafka.server import KafkaServer


def main() -> None:
    """Hold a node until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="make kafka", description=f"Run a real Apache Kafka {VERSION} until Ctrl-C."
    )
    parser.add_argument("--port", type=int, default=9092)
    port = parser.parse_args().port
    say(f"starting Apache Kafka {VERSION}; the first time its 43 MB are fetched.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with KafkaServer(port=port) as server:
            say(f"it listens on {server.bootstrap}; Ctrl-C ends it and its data.")
            signal.pause()
    except KeyboardInterrupt:
        say("Kafka is down, its data is removed.")
    except BrokerUnavailableError as error:
        raise SystemExit(f"weir: {error}") from None


def say(sentence: str) -> None:
    """Print a sentence at once, also into a pipe."""
    print(f"weir: {sentence}", flush=True)


if __name__ == "__main__":
    main()
