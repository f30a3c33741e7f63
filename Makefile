# Commands of the house. Everything is installed below .venv and node_modules; nothing outside this folder but Debian packages.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
STAMP := $(VENV)/.set-up
TESTS_AT_ONCE ?= auto
export UV_NO_PROGRESS ?= $(if $(CI),1,0)

.PHONY: demo test test-samba check bench set-up packages translations clean

$(STAMP): pyproject.toml uv.lock deploy/set_up.sh
	@PYTHON="$(PYTHON)" UV_VERSION="$(UV_VERSION)" sh deploy/set_up.sh
	@touch $@

set-up: $(STAMP)

demo: $(STAMP)
	@exec $(BIN)/python -m deploy.demo

packages:
	@sh deploy/install_packages.sh

# As many at once as there are cores; the tests of one file stay together, since they share its services.
test: packages $(STAMP)
	@$(BIN)/python -m pytest -n $(TESTS_AT_ONCE) --dist loadfile

# A real Active Directory in a network of its own: as root; installs Debian's samba and what belongs to it.
test-samba: $(STAMP)
	@sh deploy/install_packages.sh samba
	@unshare -n sh -c 'ip link set lo up; exec $(BIN)/python -m pytest -q tests/samba/active_directory.py tests/samba/synced_domain.py tests/samba/leaver.py'

check: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -q -k "not postgresql" tests/house_rules

# Brings the English catalogue up to the texts of the source; then fill in what is empty and run `make check`.
translations: $(STAMP)
	@$(BIN)/pybabel -q extract -F pyproject.toml -k _l --no-location --sort-output --no-wrap -o $(VENV)/messages.pot idp clients directory_sync
	@$(BIN)/pybabel -q update -i $(VENV)/messages.pot -d idp/translations -l en --no-wrap --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

bench: packages $(STAMP)
	@$(BIN)/python -m bench

clean:
	rm -rf $(VENV) node_modules tests/support/relying_parties/node_modules
