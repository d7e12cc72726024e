"""What happens later, beside the API."""
