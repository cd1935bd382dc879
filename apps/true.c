/* Ends with success. */
int main(void)
{
    return 0;
}
