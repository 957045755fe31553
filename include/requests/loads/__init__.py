"""Loading what another system keeps: accounts and deals, areas, requests; repeated, it updates."""
