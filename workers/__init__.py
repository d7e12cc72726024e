"""What happens later, in processes beside the API: each duty in a file of its own, none of them knowing GraphQL."""
