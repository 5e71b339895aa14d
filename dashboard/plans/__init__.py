"""The Plans page: targets by store and month, notes on days, the chain's own calendar."""
