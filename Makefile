# A thin door over dev.py, for hands that type make.
.DEFAULT_GOAL := help
.PHONY: help demo check test bench pictures sandbox lint

help: ## show this
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /	/' | expand -t 12

demo: ## the whole product with stand-ins, no accounts needed
	python3 dev.py demo

check: ## the main job without a person, to a tie-out of 0.00
	python3 dev.py demo --check

test: ## the whole suite
	python3 dev.py test

bench: ## the benchmarks beside their goals
	python3 dev.py bench --quick

pictures: ## the pictures of the documentation, made anew
	python3 dev.py pictures

sandbox: ## the stand-ins of QuickBooks and Stripe alone
	python3 dev.py sandbox

lint: ## the house tests: floors, types, style, papers, locks
	python3 dev.py test tests/test_house.py
