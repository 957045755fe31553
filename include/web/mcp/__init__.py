"""The MCP server for assistants: reads and a few writes, with the caller's rights in Airflow."""
