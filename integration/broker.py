"""An Apache Kafka broker on this machine."""
import base64
import os
import shutil
import subprocess
import sys
import time
import uuid

import confluent_kafka
import confluent_kafka.admin

ADDR = "127.0.0.1:19092"


# Lines of the configuration of a broker that wants SASL PLAIN, and has access control lists.
SECURE = """listener.security.protocol.map=CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT
inter.broker.listener.name=SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  username="admin" password="admin" user_admin="admin" user_wire="secret";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
"""


class Broker:
    """A single KRaft broker in a new folder; libs has its jars. A secure one has the users
    admin, who may do everything, and wire, who may do nothing yet."""

    def __init__(self, folder, libs, secure=False):
        self.dir, self.libs = str(folder), str(libs)
        self.client = {"bootstrap.servers": ADDR, "log_level": 0}
        if secure:
            self.client |= {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "admin", "sasl.password": "admin"}
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        self.config = os.path.join(self.dir, "server.properties")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:19093
listeners={"SASL_PLAINTEXT" if secure else "PLAINTEXT"}://{ADDR},CONTROLLER://127.0.0.1:19093
controller.listener.names=CONTROLLER
log.dirs={self.dir}/data
num.partitions=3
offsets.topic.replication.factor=1
{SECURE if secure else ""}""")
        cluster = "-"
        while cluster.startswith("-"):  # a leading - would make it a flag
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        subprocess.run(self.java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", self.config),
                       check=True, capture_output=True)
        self.start()

    def java(self, *args):
        return ["java", "-Xmx512m", "-cp", os.path.join(self.libs, "*"), *args]

    def start(self):
        with open(os.path.join(self.dir, "log"), "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.java("kafka.Kafka", self.config), stdout=log, stderr=log)

    def wait(self):
        """Waits until the broker answers."""
        admin = self.admin()
        for _ in range(120):
            try:
                admin.list_topics(timeout=1)
                return
            except confluent_kafka.KafkaException:
                if self.process.poll() is not None:
                    sys.exit(f"the broker has exited: see {self.dir}/log")
        sys.exit("the broker does not answer")

    def admin(self):
        return confluent_kafka.admin.AdminClient(self.client)

    def end(self, sig):
        self.process.send_signal(sig)
        self.process.wait()

    def cpu(self):
        """Returns the seconds of processor time used so far."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def messages(topic, seconds=30):
    """Yields key, value and headers of all messages in a topic, in order within a partition."""
    c = confluent_kafka.Consumer({"bootstrap.servers": ADDR, "group.id": str(uuid.uuid4()), "auto.offset.reset": "earliest",
                                  "enable.partition.eof": True, "enable.auto.commit": False})
    partitions = c.list_topics(topic, seconds).topics[topic].partitions
    c.assign([confluent_kafka.TopicPartition(topic, p, confluent_kafka.OFFSET_BEGINNING) for p in partitions])
    ends, last = set(), time.monotonic()
    while len(ends) < len(partitions):
        batch = c.consume(10000, 0.2)
        if batch:
            last = time.monotonic()
        elif time.monotonic() > last + seconds:
            sys.exit(f"{topic}: no answer")
        for m in batch:
            if not m.error():
                yield m.key(), m.value(), dict(m.headers() or [])
            elif m.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                ends.add(m.partition())
            else:
                sys.exit(f"{topic}: {m.error()}")
    c.close()
