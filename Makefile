# 管家 Guanjia: one word for each thing to do. Needs Python >= 3.11 with pip, and make; everything else is put into .venv.

PYTHON ?= python3
UV ?= uv
SOAK_MINUTES ?= 30
BIN := .venv/bin
PY := $(BIN)/python
READY := .venv/.ready
WHEEL := build/wheel
SMOKE := build/smoke

.DEFAULT_GOAL := help
.PHONY: help setup demo test faults planted check lint types imports tidy wheel editor bench oracle soak lock clean

help:
	@echo "make setup   装好环境（.venv）            put what is needed into .venv"
	@echo "make demo    演示：一夜真实工单            a night of real requests, then a week"
	@echo "make test    运行测试                      run the tests"
	@echo "make faults  崩溃与故障测试                crashes and faults, with a table of what was met"
	@echo "make planted 在副本中植入错误，看测试能否发现   plant faults in a copy, and see the tests find them"
	@echo "make editor  装好编辑器的语言服务器（需要 npm）  the language server of editors, for tests/editor (needs npm)"
	@echo "make check   提交前的全部检查              everything a change has to pass"
	@echo "make bench   性能对比（build/bench.json）  measurements beside peers"
	@echo "make oracle  日历与逐分钟计算对照          calendars beside counting minute by minute"
	@echo "make soak    一整年，再长时间随机测试      a year of the office, then crashes, faults and chance for SOAK_MINUTES=$(SOAK_MINUTES)"
	@echo "make lock    重新锁定依赖（需要 uv）       renew requirements.lock (needs uv)"
	@echo "make clean   清除生成的文件                remove what was generated"

setup: $(READY)

# A machine without the venv module's own pip (Debian splits it off) borrows pip from $(PYTHON).
$(READY): requirements.lock pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "需要 Python 3.11 或更新的版本；“$(PYTHON)”不是。请用 make setup PYTHON=python3.12 指定。" >&2; \
	  echo "Python 3.11 or newer is needed, and \"$(PYTHON)\" is not. Name one: make setup PYTHON=python3.12" >&2; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv .venv >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip .venv
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m pip --python $(PY) install -q pip
	$(PY) -m pip install -q --require-hashes -r requirements.lock
	$(PY) -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)
	@$(PY) examples/nyc311/night.py

# What was compiled once is kept, whatever the surroundings say: hundreds of programs are begun.
test: $(READY)
	env -u PYTHONDONTWRITEBYTECODE $(PY) -m pytest -n auto --dist worksteal

# What the tests met is printed: which windows were hit, what was lost; a table of it at the end.
faults: $(READY)
	@$(PY) -m tests.soak faults

# Do the tests bite? Faults are planted in a copy of the engine, one by one.
planted: $(READY)
	@$(PY) -m tests.planted

check: lint types imports tidy wheel test faults planted oracle

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

# What must not be in any file: unfinished marks, paths of somebody's machine, hosts of package registries.
# What tests/editor asks: the very server by which editors read YAML.
editor: build/editor/node_modules/.ready

build/editor/node_modules/.ready: tests/editor/package.json tests/editor/package-lock.json
	@command -v npm >/dev/null || { echo "需要 npm（Debian：apt-get install npm）/ npm is needed (Debian: apt-get install npm)" >&2; exit 1; }
	@mkdir -p build/editor && cp tests/editor/package.json tests/editor/package-lock.json build/editor/
	npm ci --prefix build/editor --silent --no-audit --no-fund
	@touch $@

tidy:
	@if grep -rnIEs --exclude-dir=__pycache__ '\b(T[O]DO|F[I]XME|X[X]X)\b|[p]ypi\.org|[p]ythonhosted|(^|[^A-Za-z.])/(r[o]ot|h[o]me|w[o]rk)/' \
	  .ci engine/guanjia procedures templates calendars starter examples bench tests docs Makefile setup.py cli.py pyproject.toml requirements.lock *.md; \
	then echo "这些行不能留在项目里 / These lines must not stay in the project." >&2; exit 1; fi

# The wheel is made from the sdist, so both are proven whole; it must work where nothing else of the project is.
wheel: $(READY)
	@rm -rf $(WHEEL) $(SMOKE) && mkdir -p $(WHEEL)
	$(PY) -m build --no-isolation --outdir $(WHEEL) . >$(WHEEL)/log 2>&1 || { cat $(WHEEL)/log >&2; exit 1; }
	@sed -nE 's/^([a-z0-9._-]+==[^ ;]+).*/\1/p' requirements.lock >$(WHEEL)/versions.txt
	@$(PYTHON) -m venv --without-pip $(SMOKE)
	$(PY) -m pip --python $(SMOKE)/bin/python install -q -c $(WHEEL)/versions.txt $(WHEEL)/*.whl
	cd $(SMOKE) && bin/guanjia init office && cd office && PATH=../bin:$$PATH \
	  && guanjia check && guanjia open repair --room 3-1-502 --summary 厨房漏水 && guanjia ls

bench: $(READY)
	@$(PY) -m bench

oracle: $(READY)
	@$(PY) -m tests.calendars.sweep

# First a whole year of the office, then the rest by turns.
soak: $(READY)
	@$(PY) -m tests.year
	@$(PY) -m tests.soak $(SOAK_MINUTES)

lock:
	$(UV) pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links -q -o requirements.lock >/dev/null

clean:
	rm -rf build dist .venv demo-office .coverage* .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache engine/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
