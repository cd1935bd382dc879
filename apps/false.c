/* Ends with failure. */
int main(void)
{
    return 1;
}
