"""The pages for payers and staff, the webhook doors, the connect pages and the command line."""
