"""What a person reads in a Slack message, for every way in that starts from one."""
