/* librabbitmq, RabbitMQ's client in C, beside the Python clients; the same words and the same JSON as they.
 * cc -O2 librabbitmq.c -lrabbitmq */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

static amqp_connection_state_t link_;
static amqp_bytes_t queue_, body_;
static long total;
static amqp_basic_properties_t persistent = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2};

static void insist(int good, const char *what) {
  if (!good) { fprintf(stderr, "librabbitmq: %s failed\n", what); exit(1); }
}

static void insist_on_reply(const char *what) {
  insist(amqp_get_rpc_reply(link_).reply_type == AMQP_RESPONSE_NORMAL, what);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static double cpu(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* The most memory, in MB. Linux counts into ru_maxrss what the process that started this one had. */
static double peak_mb(void) {
  char line[200];
  long most = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status)) sscanf(line, "VmHWM: %ld", &most);
  return most / 1024.0;
}

static void open_link(void) {
  link_ = amqp_new_connection();
  amqp_socket_t *socket = amqp_tcp_socket_new(link_);
  insist(amqp_socket_open(socket, getenv("RABBITMQ_HOST"), atoi(getenv("RABBITMQ_PORT"))) == 0, "connecting");
  amqp_rpc_reply_t reply = amqp_login(link_, getenv("RABBITMQ_VHOST"), 0, 131072, 60, AMQP_SASL_METHOD_PLAIN,
                                      getenv("RABBITMQ_USERNAME"), getenv("RABBITMQ_PASSWORD"));
  insist(reply.reply_type == AMQP_RESPONSE_NORMAL, "the login");
  amqp_channel_open(link_, 1);
  insist_on_reply("opening the channel");
}

static void send_one(void) {
  insist(amqp_basic_publish(link_, 1, amqp_empty_bytes, queue_, 1, 0, &persistent, body_) == 0, "publishing");
}

/* Read what confirms are there, and block for the first of them where told to. `lowest`: up to here all are confirmed. */
static void read_confirms(long *confirmed, int block) {
  static char *seen;
  static long lowest;
  struct timeval now = {0, 0};
  amqp_frame_t frame;
  for (;; block = 0) {
    amqp_maybe_release_buffers(link_);
    int status = amqp_simple_wait_frame_noblock(link_, &frame, block ? NULL : &now);
    if (status == AMQP_STATUS_TIMEOUT && !block) return;
    insist(status == 0 && frame.frame_type == AMQP_FRAME_METHOD, "reading a confirm");
    insist(frame.payload.method.id == AMQP_BASIC_ACK_METHOD, "a confirm");
    amqp_basic_ack_t *ack = frame.payload.method.decoded;
    long tag = ack->delivery_tag;
    if (!seen) seen = calloc(total + 1, 1);
    for (long each = ack->multiple ? lowest + 1 : tag; each <= tag; each++) {
      *confirmed += !seen[each];
      seen[each] = 1;
    }
    if (ack->multiple) lowest = tag;
  }
}

static void publish(int at_a_time) {
  long confirmed = 0;
  for (long sent = 1; sent <= total; sent++) {
    send_one();
    if (sent % at_a_time == 0) read_confirms(&confirmed, at_a_time == 1);
  }
  while (confirmed < total) read_confirms(&confirmed, 1);
}

static double consume(int prefetch, double *cpu_then) {
  double begun = 0;
  amqp_basic_qos(link_, 1, 0, prefetch, 0);
  amqp_basic_consume(link_, 1, queue_, amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
  insist_on_reply("consuming");
  for (long taken = 0; taken < total; taken++) {
    amqp_envelope_t envelope;
    amqp_maybe_release_buffers(link_);
    insist(amqp_consume_message(link_, &envelope, NULL, 0).reply_type == AMQP_RESPONSE_NORMAL, "a delivery");
    if (!taken) { begun = seconds(); *cpu_then = cpu(); }
    insist(amqp_basic_ack(link_, 1, envelope.delivery_tag, 0) == 0, "an acknowledgement");
    amqp_destroy_envelope(&envelope);
  }
  printf("worked\n");
  fflush(stdout);
  getchar();
  return begun;
}

int main(int words, char **word) {
  insist(words == 8, "the command line: WORK QUEUE COUNT SIZE WORKERS PREFETCH GATHER");
  total = atol(word[3]);
  queue_ = amqp_cstring_bytes(word[2]);
  body_ = amqp_bytes_malloc(atoi(word[4]));
  memset(body_.bytes, 'x', body_.len);
  open_link();
  double cpu_then = cpu(), begun = seconds();
  if (strcmp(word[1], "consume") == 0) begun = consume(atoi(word[6]), &cpu_then);
  else {
    amqp_confirm_select(link_, 1);
    insist_on_reply("asking for confirms");
    cpu_then = cpu(), begun = seconds();
    publish(strcmp(word[1], "sync") == 0 ? 1 : 64);
  }
  double took = seconds() - begun, used = cpu() - cpu_then;
  printf("{\"version\": \"librabbitmq %s\", \"seconds\": %f, \"cpu\": %f, \"peak_mb\": %f}\n", amqp_version(), took, used,
         peak_mb());
  return 0;
}
